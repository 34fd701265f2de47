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

/*
 * Under an engine, speed: no stack of each allocation, little memory held back from reuse,
 * no stack frames on the heap.  Whatever is found there is told in full by the replay
 * program, which looks at everything.
 */
const char *__asan_default_options(void)
{
#ifdef FUZZ_ENGINE
    return "malloc_context_size=0:quarantine_size_mb=8:thread_local_quarantine_size_kb=64:"
           "detect_stack_use_after_return=0:allocator_may_return_null=1";
#else
    return "detect_stack_use_after_return=1:allocator_may_return_null=1:handle_abort=1";
#endif
}
