# tests of the tree itself: what is distributed, exported, included, and how it reads
dist_check_SCRIPTS += \
	%D%/completion.t \
	%D%/docs.t \
	%D%/example.t \
	%D%/files.t \
	%D%/format.t \
	%D%/functions.t \
	%D%/header_cxx.t \
	%D%/includes.t \
	%D%/man.t \
	%D%/models.t \
	%D%/symbols.t \
	%D%/tracked.t
