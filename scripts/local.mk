# files of scripts/
EXTRA_DIST += \
	%D%/autograd.py \
	%D%/digits_data.py \
	%D%/model_files.py \
	%D%/train_digits.py
