# tests of src/dist
dist_check_SCRIPTS += \
	%D%/models.t
