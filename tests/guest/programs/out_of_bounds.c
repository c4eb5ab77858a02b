// sc: R-MEMORY    tso: R-MEMORY
#include <stdlib.h>

int main(void) {
  int *p = calloc(3, sizeof *p);
  p[3] = 1;
}
