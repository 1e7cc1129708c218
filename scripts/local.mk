# files of scripts/
EXTRA_DIST += \
	%D%/accept_check.py \
	%D%/accept_expected.json \
	%D%/accept_subset.sh \
	%D%/arm64.sh \
	%D%/autograd.py \
	%D%/check_clean.py \
	%D%/check_models.py \
	%D%/check_proto.py \
	%D%/compare_ort.py \
	%D%/count_tests.sh \
	%D%/differential.py \
	%D%/differential_cases.py \
	%D%/digits_data.py \
	%D%/lint.sh \
	%D%/make_models.py \
	%D%/model_files.py \
	%D%/node_tests.py \
	%D%/packages.sh \
	%D%/python.sh \
	%D%/quickstart.sh \
	%D%/requirements.txt \
	%D%/train_chars.py \
	%D%/train_digits.py \
	%D%/train_rows.py
include scripts/bench/local.mk
