// sc: R-MEMORY    tso: R-MEMORY
#include <stdlib.h>

int main(void) {
  void *p = malloc(8);
  free(p);
  free(p);
}
