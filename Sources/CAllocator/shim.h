// glibc's malloc.h, which the Glibc module leaves out.
#include <features.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
