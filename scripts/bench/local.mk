# Benches against ONNX Runtime: `make bench` runs them all, each script says in --help how to run it alone.
EXTRA_DIST += \
	%D%/common.py \
	%D%/float.py \
	%D%/nets.py \
	%D%/peer.py
