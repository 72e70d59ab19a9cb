/*
 * A firmware that does nothing but say when it started, on the clock that the bench reads too: nanoseconds of CLOCK_MONOTONIC in
 * the file "started" of the application's directory. Small and native, so that what is measured is Meerkat.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    const char *data = getenv("MEERKAT_DATA");
    char path[4096], whole[4096];
    snprintf(whole, sizeof whole, "%s/started", data ? data : ".");
    snprintf(path, sizeof path, "%s/started.new", data ? data : ".");
    FILE *file = fopen(path, "w");
    if (file == NULL || fprintf(file, "%lld\n", t.tv_sec * 1000000000LL + t.tv_nsec) < 0 || fclose(file) != 0 || rename(path, whole) != 0) {
        perror(path);
        return 1;
    }
    for (;;)
        pause();
}
