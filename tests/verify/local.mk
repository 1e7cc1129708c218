# tests of src/verify
