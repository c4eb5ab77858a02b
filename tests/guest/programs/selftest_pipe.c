// SPDX-License-Identifier: Apache-2.0
// A child and its parent wait for each other over pipes and sockets; the end is seen when the last
// writer has gone.
#include <assert.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  int ends[2], sockets[2], status = 0;
  char bytes[8] = {0};
  assert(pipe(ends) == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets) == 0);
  int child = fork();
  if (child == 0) {
    close(ends[0]);
    write(ends[1], "ab", 2);
    write(ends[1], "c", 1);
    assert(read(sockets[0], bytes, 8) == 2 && bytes[1] == 'y');
    _exit(7);
  }
  close(ends[1]);
  int got = 0;
  for (int now; (now = read(ends[0], bytes + got, 8 - got)) > 0 && got < 3;) {
    got += now;
    if (got == 3) break;
  }
  assert(got == 3 && bytes[0] == 'a' && bytes[2] == 'c');
  assert(write(sockets[1], "xy", 2) == 2);
  assert(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7);
  assert(read(ends[0], bytes, 8) == 0);
  return 0;
}
