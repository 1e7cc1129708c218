#!/bin/sh
# The models and data in models/ are those of its README.md, and reach the figures it states (in ONNX Runtime).
: "${srcdir:=$(dirname "$0")/../..}" "${PYTHON:=python3}"
"$PYTHON" -c 'pass' 2>/dev/null || { echo "1..0 # SKIP no Python"; exit 0; }
PYTHONDONTWRITEBYTECODE=1 exec "$PYTHON" "$srcdir/scripts/check_models.py" "$srcdir/models"
