# Man page, bash completion, an example program, and documents. doc/ops.md prints from the operator table: `make docs`.
dist_man1_MANS += %D%/onnx-q.1
bashcompletion_DATA += %D%/completion/onnx-q
EXTRA_DIST += \
	%D%/completion/onnx-q \
	%D%/design.md \
	%D%/example.c \
	%D%/ops.md

.PHONY: docs
docs: onnx-q$(EXEEXT)
	$(AM_V_GEN)$(srcdir)/%D%/make_ops.sh ./onnx-q$(EXEEXT) >$(srcdir)/%D%/ops.md.new && mv $(srcdir)/%D%/ops.md.new $(srcdir)/%D%/ops.md
EXTRA_DIST += %D%/make_ops.sh
