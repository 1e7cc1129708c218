# tests of src/fuzz
