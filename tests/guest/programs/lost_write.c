// linux-6.1: R-WRITE    linux-6.12: held
// The race of October 2022: who maps something else there drops the reverse mapping before it flushes
// the TLB of who stores, and fsync() in between does not see the store that comes after it.
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

static char *volatile p;
static int fd;

static void *store(void *unused) {
  *p = 2;
  return unused;
}

static void *clean(void *unused) {
  fsync(fd);
  return unused;
}

int main(void) {
  pthread_t storing, cleaning;
  fd = open("file", O_RDWR | O_CREAT, 0666);
  if (ftruncate(fd, 4096) != 0) return 1;
  p = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  *p = 1;
  pthread_create(&storing, 0, store, 0);
  pthread_create(&cleaning, 0, clean, 0);
  mmap(p, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
}
