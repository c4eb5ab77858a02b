// sc: R-SIGNAL    tso: R-SIGNAL
static int deeper(int n) {
  volatile char room[256];
  room[0] = (char)n;
  return deeper(n + 1) + room[0];
}

int main(void) { return deeper(0); }
