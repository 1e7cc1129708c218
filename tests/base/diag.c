#include <string.h>

#include "base/diag.h"
#include "tap/tap.h"

static oq_status fails(oq_diag *diag)
{
    OQ_FAIL(diag, OQ_SHAPE, "input '%s' wants %d", "x", 3);
}

static oq_status forwards(oq_diag *diag)
{
    OQ_TRY(fails(diag));
    return OQ_OK;
}

int main(void)
{
    oq_diag *diag = oq_diag_new();
    char longest[4000];

    is_str(oq_diag_message(diag), "", "nothing happened yet");
    is_int(forwards(diag), OQ_SHAPE, "the status travels");
    is_str(oq_diag_message(diag), "input 'x' wants 3", "with its text");
    oq_diag_note(diag, "while reading %s", "m.onnx");
    oq_diag_note(diag, "in test");
    is_str(oq_diag_notes(diag), "while reading m.onnx; in test", "notes are joined");
    is_int(forwards(NULL), OQ_SHAPE, "a caller without a diag gets the status");
    oq_diag_about(diag, "a.onnx", true);
    oq_diag_about(diag, "b.onnx", false);
    is_str(oq_diag_file(diag), "a.onnx", "the first file named is the one");
    ok(oq_diag_is_output(diag), "and it was being written");
    is_int(forwards(diag), OQ_SHAPE, "a new fault");
    is_str(oq_diag_file(diag), "", "is in no file");
    ok(!oq_diag_is_output(diag), "and was not written");
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    oq_diag_set(diag, OQ_IO, __FILE__, __LINE__, "%s", longest);
    is_int(strlen(oq_diag_message(diag)), OQ_DIAG_TEXT - 1, "a long text is cut");
    for (int i = 0; i < 2000; i++)
        oq_diag_note(diag, "n");
    ok(strlen(oq_diag_notes(diag)) < OQ_DIAG_TEXT, "notes too");
    oq_diag_set(diag, OQ_IO, __FILE__, __LINE__, "name '%s'", "a\nb\033[2J");
    is_str(oq_diag_message(diag), "name 'a?b?[2J'", "control characters of a name cannot break the line");
    oq_diag_clear(diag);
    is_str(oq_diag_message(diag), "", "clear empties it");
    is_str(oq_status_name(OQ_NOMEM), "out of memory", "statuses have names");
    is_str(oq_status_name((oq_status)999), "unknown status", "unknown ones too");
    oq_diag_free(diag);
    return tap_done();
}
