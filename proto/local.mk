# the ONNX schema and its generated code
noinst_LTLIBRARIES += %D%/libonnxproto.la
%C%_libonnxproto_la_SOURCES =
