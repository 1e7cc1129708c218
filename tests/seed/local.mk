# tests of src/seed
