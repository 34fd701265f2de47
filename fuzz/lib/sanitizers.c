/*
 * What the sanitizers' run-times ask the program they are in.
 */
const char *__lsan_default_suppressions(void);
const char *__asan_default_options(void);

/* libseccomp 2.5 keeps a little of each rule it merges; every parser that runs it ends
 * after one document. */
const char *__lsan_default_suppressions(void)
{
    return "leak:zmalloc\n";
}

const char *__asan_default_options(void)
{
    return "detect_stack_use_after_return=1:allocator_may_return_null=1:handle_abort=1";
}
