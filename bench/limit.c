/*
 * The limit of the machine: reads or receives, computes SHA-256, writes in blocks of 1 MiB, flushes. One thread, no more.
 *   limit file SOURCE TARGET     reads SOURCE
 *   limit socket SOURCE TARGET   receives SOURCE over loopback from a child that sends it with sendfile
 * Prints wall-clock and processor seconds (user and system, of the receiving process) and the digest.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 1 << 20 };

static void check(int good, const char *what)
{
    if (!good) {
        fprintf(stderr, "Error: %s: %s\n", what, strerror(errno));
        exit(1);
    }
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static double processor(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static _Noreturn void send_all(const char *source, struct sockaddr_in to)
{
    int out = socket(AF_INET, SOCK_STREAM, 0), in = open(source, O_RDONLY);
    struct stat s;
    check(in >= 0 && fstat(in, &s) == 0, source);
    check(connect(out, (struct sockaddr *)&to, sizeof to) == 0, "connect");
    for (off_t at = 0; at < s.st_size;)
        check(sendfile(out, in, &at, s.st_size - at) > 0, "sendfile");
    _exit(0);
}

static int receive(const char *source)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t length = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    check(bind(listener, (struct sockaddr *)&at, sizeof at) == 0 && listen(listener, 1) == 0, "listen");
    check(getsockname(listener, (struct sockaddr *)&at, &length) == 0, "getsockname");
    pid_t child = fork();
    check(child >= 0, "fork");
    if (child == 0)
        send_all(source, at);
    int in = accept(listener, NULL, NULL);
    check(in >= 0, "accept");
    return in;
}

int main(int count, char **words)
{
    if (count != 4 || (strcmp(words[1], "file") && strcmp(words[1], "socket"))) {
        fprintf(stderr, "Usage: limit file|socket SOURCE TARGET\n");
        return 2;
    }
    char *block = malloc(BLOCK);
    unsigned char digest[32];
    EVP_MD_CTX *sha = EVP_MD_CTX_new();
    check(block && sha && EVP_DigestInit_ex(sha, EVP_sha256(), NULL), "prepare");
    memset(block, 0, BLOCK);

    double start = now(), busy = processor();
    int in = strcmp(words[1], "file") == 0 ? open(words[2], O_RDONLY) : receive(words[2]);
    check(in >= 0, words[2]);
    int out = open(words[3], O_WRONLY | O_CREAT | O_TRUNC, 0600);
    check(out >= 0, words[3]);
    off_t length = 0;
    for (int end = 0; !end;) {
        size_t filled = 0;
        while (filled < BLOCK && !end) {
            ssize_t got = read(in, block + filled, BLOCK - filled);
            check(got >= 0, "read");
            end = got == 0;
            filled += got;
        }
        check(EVP_DigestUpdate(sha, block, filled), "digest");
        check(filled == 0 || pwrite(out, block, filled, length) == (ssize_t)filled, "pwrite");
        length += filled;
    }
    check(EVP_DigestFinal_ex(sha, digest, NULL), "digest");
    check(fdatasync(out) == 0, "fdatasync");
    double seconds = now() - start;
    busy = processor() - busy;

    int status;
    while (wait(&status) > 0)
        check(status == 0, "the sender");
    printf("%.6f %.6f ", seconds, busy);
    for (int i = 0; i < 32; i++)
        printf("%02x", digest[i]);
    printf("\n");
    return 0;
}
