# Benches against ONNX Runtime: `make bench` runs them all (half an hour), each script says in --help how to run it alone.
EXTRA_DIST += \
	%D%/all.py \
	%D%/calibrate.py \
	%D%/common.py \
	%D%/convert.py \
	%D%/float.py \
	%D%/integer.py \
	%D%/nets.py \
	%D%/ort_calibrate.py \
	%D%/ort_quantize.py \
	%D%/peer.py \
	%D%/startup.py

BENCH_FLAGS =
.PHONY: bench
bench: bench-tools
	$(PYTHON) $(srcdir)/%D%/all.py --build . --cases $(srcdir)/../shared/cases $(BENCH_FLAGS)
