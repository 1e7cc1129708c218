#!/bin/sh
# Who may include whom: leftwards only in
#   base < ir < {onnx, kernel < op} < exec < data < quant < pass < target < verify < report < api < cli
# onnx/ alone includes the generated protobuf header, pass/ never includes onnx/, cli/ only onnxq.h (and cli/ itself).
: "${srcdir:=$(dirname "$0")/../..}"
. "$srcdir/tests/tap/tap.sh"

# faults TREE: one line for each include that breaks a rule.
faults()
{
    find "$1/src" -name '*.[ch]' | sort | while read -r file; do
        awk -v path="${file#"$1"/}" '
        function refuse(why) { printf "%s:%d: %s: %s\n", path, FNR, name, why }
        BEGIN {
            split("base ir onnx exec data quant pass target verify report api cli", order, " ")
            for (i in order)
                rank[order[i]] = 2 * i
            rank["kernel"] = rank["onnx"]; rank["op"] = rank["onnx"] + 1
            split(path, part, "/")
            from = part[3] == "" ? "" : part[2]
        }
        match($0, /^[ \t]*#[ \t]*include[ \t]*[<"][^>"]+[>"]/) {
            system_header = $0 ~ /include[ \t]*</
            name = $0
            sub(/^[^<"]*[<"]/, "", name); sub(/[>"].*/, "", name)
            to = name ~ /\// ? substr(name, 1, index(name, "/") - 1) : ""
            if (name ~ /\.pb-c\.h$|protobuf-c/) {
                if (from != "onnx")
                    refuse("only onnx/ sees protobuf")
            } else if (from == "cli" && !system_header && name != "onnxq.h" && name != "config.h" && to != "cli")
                refuse("cli/ may include only onnxq.h")
            else if (system_header || name == "onnxq.h" || name == "config.h")
                next
            else if (!(to in rank))
                refuse("is not written as folder/file.h with a folder of src/")
            else if (from == "" || !(from in rank))
                refuse("this folder has no place in the order")
            else if (from == "pass" && to == "onnx")
                refuse("pass/ never includes onnx/")
            else if (from == to)
                next
            else if (rank[to] > rank[from])
                refuse(from "/ may not include " to "/")
            else if (rank[to] == rank[from] || (from == "op" && to == "onnx"))
                refuse(from "/ and " to "/ stand side by side")
        }' "$file"
    done
}

# refuses FOLDER INCLUDE: a file in FOLDER with this include is reported.
refuses()
{
    rm -rf "$work/tree"
    mkdir -p "$work/tree/src/$1"
    echo "#include $2" >"$work/tree/src/$1/probe.c"
    faults "$work/tree" | grep probe
}

accepts()
{
    ! refuses "$@"
}

faults "$srcdir" >"$work/faults"
tap_none "every include in src/ points leftwards" "$work/faults"
tap "a lower folder may not include a higher one" refuses base '"ir/ir.h"'
tap "a kernel may not include an operator" refuses kernel '"op/op.h"'
tap "import may not include operators" refuses onnx '"op/op.h"'
tap "operators may not include import" refuses op '"onnx/import.h"'
tap "a pass may not include import" refuses pass '"onnx/import.h"'
tap "the program may not look into the library" refuses cli '"base/arena.h"'
tap "protobuf stays in onnx/" refuses exec '<protobuf-c/protobuf-c.h>'
tap "the generated header stays in onnx/" refuses ir '"onnx.pb-c.h"'
tap "a header without its folder is refused" refuses ir '"graph.h"'
tap "an operator may include a kernel" accepts op '"kernel/k_gemm.h"'
tap "the program may include onnxq.h and its own headers" accepts cli '"cli/opt.h"'
tap_done
