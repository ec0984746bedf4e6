#include "tools/verb.h"

int main(int argc, char **argv)
{
    return (int)verb_main(argc, argv);
}
