/* mark DISK BYTE-OFFSET TEXT: writes a block with the text to the disk, past every cache of the system; done when the disk has it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 4096 };

int main(int count, char **words)
{
    void *block;
    if (count != 4 || posix_memalign(&block, BLOCK, BLOCK) != 0)
        return 2;
    memset(block, 0, BLOCK);
    strncpy(block, words[3], BLOCK - 1);
    int disk = open(words[1], O_WRONLY | O_DIRECT);
    if (disk < 0 || pwrite(disk, block, BLOCK, strtoll(words[2], NULL, 10)) != BLOCK) {
        perror(words[1]);
        return 1;
    }
    return 0;
}
