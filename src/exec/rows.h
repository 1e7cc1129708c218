/* rows: a chain of steps run as one, row by row, with everything between the first and the last in cache.
 *
 * A chain is a list of operations on values: its inputs first, then the result of each operation. A value is
 * as large as the chain's result, broadcasts to it, or is one number per row of the last axis (a mean). Each
 * operation calls the kernel the operator by itself would call, on the same operands: the bits are those of
 * the single steps. fuse_rows.c finds chains.
 */
#ifndef OQ_EXEC_ROWS_H
#define OQ_EXEC_ROWS_H

#include "kernel/kernel.h"
#include "op/op.h"
#include "op/op_broadcast.h"

enum {
    OQ_ROWS_MAX_IN = OQ_MAX_OPERANDS,
    OQ_ROWS_MAX_OPS = 16,
    OQ_ROWS_MAX_REGISTERS = 8,
    OQ_ROWS_MAX_VALUES = OQ_ROWS_MAX_IN + OQ_ROWS_MAX_OPS
};

typedef enum oq_rows_kind {
    OQ_ROWS_BINARY,    /* a op b */
    OQ_ROWS_UNARY,     /* op a */
    OQ_ROWS_SUM,       /* sum of row a: one number */
    OQ_ROWS_MEAN,      /* the same divided by the length */
    OQ_ROWS_SOFTMAX,   /* of row a */
    OQ_ROWS_LAYER_NORM /* of row a, with scale b and bias c (-1: none), epsilon */
} oq_rows_kind;

typedef struct oq_rows_op {
    oq_rows_kind kind;
    int which;   /* oq_binary or oq_unary */
    int a, b, c; /* values */
    float epsilon;
    bool is_number; /* the result is one number per row */
    int place;      /* register of the result; -1: it is the chain's result; of numbers: their index */
} oq_rows_op;

typedef struct oq_rows {
    int n_in, n_ops, n_registers;
    bool needs_rows; /* some operation looks at a whole row of the last axis */
    uint32_t full;   /* bit i: input i is as large as the result and may lend it its memory */
    uint32_t whole;  /* bit i: input i is read as a whole row */
    oq_rows_op ops[OQ_ROWS_MAX_OPS];
} oq_rows;

/* Give every result its place; the last operation's is the output. False: too many live at once. */
bool oq_rows_place(oq_rows *rows);

/* The operator of a step that runs a chain: state is the oq_rows, the inputs are the chain's. Pure: element
 * by element, in any layout; else the last axis is the row. */
extern const oq_op oq_op_rows_pure, oq_op_rows;

#endif
