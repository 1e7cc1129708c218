# tests of src/dist
