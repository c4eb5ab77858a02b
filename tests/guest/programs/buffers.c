// linux-6.12: held 1
// What has a buffer of its own while the kernel makes steps: in mapped memory, all but the machine's
// own instructions.
#include <assert.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char words[] = "words that are too long to be kept without a buffer of their own\n";
#define WORDS ((int)sizeof words - 1)

static void strings(char* text, char* other) {
  memcpy(text, words, sizeof words);
  memset(other, 'x', sizeof words);
  memcpy(other, text, sizeof words);
  assert(memcmp(text, other, sizeof words) == 0 && strcmp(text, other) == 0);
  assert(strncmp(text, other, 40) == 0 && strcasecmp(text, other) == 0);
  assert(strlen(text) == WORDS && strnlen(text, 50) == 50);
  assert(strchr(text, 'o') == text + 1 && strrchr(text, '\n') == text + WORDS - 1);
  assert(memchr(text, 'd', WORDS) == text + 3 && strstr(text, other) == text);
  strcpy(other, text);
  strncpy(other, text, sizeof words);
  other[3] = 0;
  strcat(other, text);
  char* copy = strdup(text);
  assert(strcmp(copy, words) == 0);
  free(copy);
}

static void formats(char* text, char* other) {
  int number = 0;
  strcpy(text, "%-20.18s and %+.3f of as many words as it takes: %d\n");
  assert(sprintf(other, text, words, 1.5, 42) > 60);
  assert(snprintf(other, 4096, "%s and %-40.00000000000000030d", text, 42) > 60);
  assert(sscanf("42 of as many words as it takes to have a buffer", "%d", &number) == 1);
  printf("%s", other);
  fprintf(stderr, "%s", other);
  puts(other);
  fputs(other, stdout);
  fwrite(other, 1, strlen(other), stdout);
  perror(text);
}

static void files(char* text) {
  char line[200], *long_line = NULL;
  size_t room = 0;
  struct stat status;
  strcpy(text, "a_file_of_which_the_name_is_a_long_one");
  int fd = open(text, O_RDWR | O_CREAT, 0600);
  assert(access(text, F_OK) == 0);
  strcpy(text, words);
  assert(write(fd, text, WORDS) == WORDS && pwrite(fd, text, WORDS, WORDS) == WORDS);
  assert(dprintf(fd, "%s", text) == WORDS);
  assert(lseek(fd, 0, SEEK_SET) == 0 && read(fd, text, WORDS) == WORDS);
  assert(pread(fd, text, WORDS, 1) == WORDS && fstat(fd, &status) == 0);
  FILE* stream = fdopen(fd, "r");
  rewind(stream);
  assert(fgets(line, sizeof line, stream) && strcmp(line, words) == 0);
  assert(getline(&long_line, &room, stream) == WORDS);
  rewind(stream);
  assert(fread(text, 1, WORDS, stream) == WORDS);
  assert(fclose(stream) == 0);
  FILE* own = tmpfile();
  assert(fputs(words, own) > 0 && fclose(own) == 0);
}

static void process(char* text, char* other) {
  static const char* const files[] = {"/proc/self/maps", "/proc/self/smaps", "/proc/self/status"};
  unsigned char resident[2];
  assert(mincore(text, 8192, (void*)other) == 0 && mincore(text, 8192, resident) == 0);
  assert(mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
  assert(mlockall(MCL_CURRENT) == 0 && munlockall() == 0);
  for (int i = 0; i < 3; i++) {
    FILE* stream = fopen(files[i], "r");
    assert(fread(other, 1, 40, stream) == 40 && fclose(stream) == 0);
  }
  jmp_buf* saved = (jmp_buf*)other;
  if (setjmp(*saved) == 0) longjmp(*saved, 1);
}

int main(void) {
  char* text = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  strings(text, text + 4096);
  formats(text, text + 4096);
  files(text);
  process(text, text + 4096);
  return 0;
}
