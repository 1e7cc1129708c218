# Small float models and their data, made by scripts/make_models.py; models/README.md says how.
EXTRA_DIST += \
	%D%/README.md \
	%D%/digits_calib.npz \
	%D%/digits_cnn.onnx \
	%D%/digits_eval.npz \
	%D%/digits_labels.npy
