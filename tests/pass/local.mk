# tests of src/pass
