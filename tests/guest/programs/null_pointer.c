// sc: R-MEMORY    tso: R-MEMORY
#include <stddef.h>

struct node {
  struct node *next;
  int value;
};

static struct node *volatile head;

int main(void) { return head->value; }
