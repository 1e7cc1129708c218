/* bench_child: run a command and write down what it took, for scripts/bench.
 *
 *     bench_child REPORT COMMAND [ARGUMENT ...]
 *
 * REPORT receives "SECONDS PEAK_BYTES"; the exit status is the command's (126: killed by a signal, 127: not
 * started). Python cannot measure small programs itself: Linux counts the resident size of the process that
 * calls exec, and an interpreter is larger than most of what is measured here.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
    struct rusage usage = {0};
    double start = now();
    int status;
    pid_t child;
    FILE *report;

    if (argc < 3) {
        fprintf(stderr, "bench_child REPORT COMMAND [ARGUMENT ...]\n");
        return 2;
    }
    child = fork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    if (child < 0)
        return 127;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return 127;
    }
    getrusage(RUSAGE_CHILDREN, &usage);
    report = fopen(argv[1], "w");
    if (!report)
        return 127;
    fprintf(report, "%.6f %lld\n", now() - start, 1024 * (long long)usage.ru_maxrss);
    fclose(report);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}
