#!/bin/sh
# make_ops.sh ONNXQ: doc/ops.md from the tables of the program.
set -eu
program=$1
echo "# Operators, passes, range methods"
echo
echo "Printed by \`make docs\` from the tables of the program (\`onnx-q ops\`, \`passes\`, \`methods\`); do not edit."
echo
echo "## Operators"
echo "\`since\`: the operator set versions whose rules are followed. \`rule\`: how the operator is quantized; what the rules"
echo "mean is in [design.md](design.md)."
echo
"$program" ops --markdown
echo
echo "## Passes, in order"
"$program" passes --markdown
echo
echo "## Range methods"
"$program" methods --markdown
