// SPDX-License-Identifier: Apache-2.0
// Strings in mapped memory, where the machine's own memory does not have them; and constructors that
// map it.
#include <assert.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static char* text;
static jmp_buf* saved;

__attribute__((constructor)) static void map(void) {
  text = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  saved = (jmp_buf*)(text + 4096);
}

int main(void) {
  char copy[40];
  int child = fork();
  if (child == 0) {
    snprintf(text, 40, "%s-%05d|%-4.2f|%*s", "page", 42, 1.5, 3, "x");
    if (setjmp(*saved) == 0) longjmp(*saved, 1);
    _exit(0);
  }
  waitpid(child, 0, 0);
  assert(strlen(text) == 19 && strcmp(text, "page-00042|1.50|  x") == 0);
  assert(strchr(text, '-') == text + 4 && strstr(text, "42|") == text + 8);
  sprintf(copy, "<%.4s>", text);
  assert(strcmp(copy, "<page>") == 0);
  assert(strncmp(strcpy(text + 4090, "across"), "across a page", 6) == 0);
  assert(strrchr(text + 4090, 's') == text + 4095);
  return 0;
}
