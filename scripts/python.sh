#!/bin/sh
# Print the path of a Python with the modules that the tests hold us against, making it when there is none:
#   python.sh [FOLDER]     FOLDER (default: venv) receives a virtual environment if it must be made
# $PYTHON is taken when it has them, then python3. Without a network this prints python3: those tests then say SKIP.
set -u
here=$(cd "$(dirname "$0")" && pwd)
venv=${1:-venv}

has_modules()
{
    "$1" -c 'import numpy, onnx, onnxruntime, PIL, sklearn' >/dev/null 2>&1
}

for python in "${PYTHON:-python3}" python3 "$venv/bin/python"; do
    has_modules "$python" && { command -v "$python"; exit 0; }
done
python3 -m venv "$venv" >&2 || { echo "python.sh: no virtual environment: tests against the peer say SKIP" >&2; command -v python3; exit 0; }
# the versions that the recorded figures are from; where they do not exist any more, or not yet, what there is
"$venv/bin/python" -m pip install -q --disable-pip-version-check -r "$here/requirements.txt" >&2 ||
    "$venv/bin/python" -m pip install -q --disable-pip-version-check numpy onnx onnxruntime pillow scikit-learn >&2
has_modules "$venv/bin/python" || echo "python.sh: modules are missing: tests that need them say SKIP" >&2
case $venv in
/*) echo "$venv/bin/python" ;;
*) echo "$PWD/$venv/bin/python" ;;
esac
