/* layout_rewrite: steps rewritten to read and give the twins that were chosen. */
#ifndef OQ_EXEC_LAYOUT_REWRITE_H
#define OQ_EXEC_LAYOUT_REWRITE_H

#include "exec/layout_role.h"

/* roles: one per step; is_last: which steps run channels-last. */
oq_status oq_layout_rewrite(oq_compiler *c, oq_sequence *sequence, const oq_layout_role *roles,
                            const bool *is_last);

#endif
