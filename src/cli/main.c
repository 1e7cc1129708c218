#include <stdio.h>

#include "onnxq.h"

int main(void)
{
    printf("onnx-q %s\n", oq_version());
    return 0;
}
