# tests of src/ir
