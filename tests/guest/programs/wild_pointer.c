// sc: R-SIGNAL    tso: R-SIGNAL
int main(void) { return *(volatile int *)0x123456789000; }
