# Tests of the program: each works in a scratch folder of its own (cli.sh).
EXTRA_DIST += %D%/cli.sh
dist_check_SCRIPTS += \
	%D%/config.t \
	%D%/convert.t \
	%D%/help.t \
	%D%/input.t \
	%D%/look.t \
	%D%/output.t \
	%D%/pipes.t \
	%D%/progress.t \
	%D%/run.t \
	%D%/same.t \
	%D%/signals.t
