# tests of src/op
