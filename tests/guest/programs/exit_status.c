// sc: R-EXIT    tso: R-EXIT
#include <stdlib.h>

int main(void) { exit(3); }
