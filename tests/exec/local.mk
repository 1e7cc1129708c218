# tests of src/exec
