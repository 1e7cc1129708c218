# Small float models and their data, made by scripts/make_models.py; models/README.md says how.
EXTRA_DIST += \
	%D%/README.md \
	%D%/chars_calib.npz \
	%D%/chars_eval.npz \
	%D%/chars_labels.npy \
	%D%/digits_calib.npz \
	%D%/digits_cnn.onnx \
	%D%/digits_eval.npz \
	%D%/digits_labels.npy \
	%D%/rows_calib.npz \
	%D%/rows_eval.npz \
	%D%/rows_labels.npy \
	%D%/seed_calib.npz \
	%D%/seed_eval.npz \
	%D%/seed_multiple_ops.onnx \
	%D%/seed_multiple_ops_ref.npy \
	%D%/seed_noavgpool.onnx \
	%D%/seed_noavgpool_ref.npy \
	%D%/tiny_gru.onnx \
	%D%/tiny_lstm.onnx \
	%D%/tiny_transformer.onnx
