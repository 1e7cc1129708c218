# tests of src/quant
