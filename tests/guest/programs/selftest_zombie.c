// linux-6.12: held 3
// Whom nobody has waited for yet can still be killed, whether he has ended or not; not afterwards.
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  int status = 0;
  int child = fork();
  if (child == 0) _exit(5);
  assert(kill(child, SIGKILL) == 0);
  assert(waitpid(child, &status, 0) == child);
  assert(WIFEXITED(status) ? WEXITSTATUS(status) == 5 : WTERMSIG(status) == SIGKILL);
  assert(waitpid(child, &status, 0) == -1 && errno == ECHILD);
  return 0;
}
