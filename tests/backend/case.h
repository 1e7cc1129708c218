/* case: one ONNX backend test, a folder with model.onnx and test_data_set_N, run and compared. */
#ifndef OQ_TESTS_BACKEND_CASE_H
#define OQ_TESTS_BACKEND_CASE_H

#include <stddef.h>

typedef enum case_result { CASE_PASS, CASE_SKIP, CASE_FAIL } case_result;

/* reason: one line, why it was skipped or what failed; "" when it passed. */
case_result run_case(const char *folder, char *reason, size_t size);

#endif
