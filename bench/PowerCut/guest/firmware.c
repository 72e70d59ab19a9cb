/* The firmware of the device whose power is cut: runs for ever, or, with -DCRASHES, exits with code 7. Its version is in its text. */
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    puts("firmware " VERSION " runs");
    fflush(stdout);
#ifdef CRASHES
    return 7;
#endif
    for (;;)
        pause();
}
