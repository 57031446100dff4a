/* A PKCS #11 module in front of another one: passes everything on, and fails where a test tells it to.
 *
 * Only the functions that are counted or failed stand here; all others are the other module's own, whose list of
 * functions is copied. Types are written out, for the standard's header is not on every machine.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long ulong_t;
typedef ulong_t (*function_t)();

enum { INITIALIZE = 0, FINALIZE = 1, GET_FUNCTION_LIST = 3, GET_SLOT_LIST = 4, GET_TOKEN_INFO = 6, OPEN_SESSION = 12,
       GET_SESSION_INFO = 15, LOGIN = 18, LOGOUT = 19, FIND_OBJECTS_INIT = 26, SIGN_INIT = 42, SIGN = 43,
       FUNCTIONS = 68 };

struct list { unsigned char version[2]; function_t functions[FUNCTIONS]; };

static struct { const char *name; int number; } names[] = {
    {"C_Initialize", INITIALIZE}, {"C_GetSlotList", GET_SLOT_LIST}, {"C_GetTokenInfo", GET_TOKEN_INFO},
    {"C_OpenSession", OPEN_SESSION}, {"C_GetSessionInfo", GET_SESSION_INFO}, {"C_Login", LOGIN}, {"C_Logout", LOGOUT},
    {"C_FindObjectsInit", FIND_OBJECTS_INIT}, {"C_SignInit", SIGN_INIT}, {"C_Sign", SIGN}};

static struct list *behind, own;
static struct { ulong_t answer; int after, times, calls; } faults[FUNCTIONS];
static int lock_after, wrong, cannot_lock, spoils;

static int number_of(const char *name) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, name) == 0) return names[i].number;
    abort();
}

static ulong_t failing(int number) {
    faults[number].calls++;
    if (faults[number].times == 0) return 0;
    if (faults[number].after > 0) { faults[number].after--; return 0; }
    faults[number].times--;
    return faults[number].answer;
}

#define PASSED(NUMBER, NAME, PARAMETERS, ...)                                                                          \
    static ulong_t NAME PARAMETERS {                                                                                   \
        ulong_t answer = failing(NUMBER);                                                                              \
        return answer ? answer : behind->functions[NUMBER](__VA_ARGS__);                                               \
    }

PASSED(GET_SLOT_LIST, slot_list, (unsigned char present, void *list, void *count), present, list, count)
PASSED(GET_TOKEN_INFO, token_info, (ulong_t slot, void *info), slot, info)
PASSED(OPEN_SESSION, open_session, (ulong_t slot, ulong_t flags, void *app, void *notify, void *handle), slot, flags,
       app, notify, handle)
PASSED(GET_SESSION_INFO, session_info, (ulong_t session, void *info), session, info)
PASSED(LOGOUT, logout, (ulong_t session), session)
PASSED(FIND_OBJECTS_INIT, find_init, (ulong_t session, void *template, ulong_t count), session, template, count)
PASSED(SIGN_INIT, sign_init, (ulong_t session, void *mechanism, ulong_t key), session, mechanism, key)

static ulong_t sign(ulong_t session, void *data, ulong_t size, unsigned char *value, ulong_t *length) {
    ulong_t answer = failing(SIGN);
    if (answer) return answer;
    answer = behind->functions[SIGN](session, data, size, value, length);
    if (spoils && answer == 0 && value != NULL) value[*length - 1] ^= 1;
    return answer;
}

static ulong_t initialize(void *arguments) {
    ulong_t answer = failing(INITIALIZE);
    if (answer) return answer;
    if (cannot_lock && arguments != NULL) return 0x00A; /* CKR_CANT_LOCK */
    return behind->functions[INITIALIZE](arguments);
}

static ulong_t login(ulong_t session, ulong_t user, void *pin, ulong_t length) {
    ulong_t answer = failing(LOGIN);
    if (answer) return answer;
    if (lock_after && wrong >= lock_after) return 0x0A4; /* CKR_PIN_LOCKED */
    answer = behind->functions[LOGIN](session, user, pin, length);
    if (answer == 0x0A0) wrong++;
    if (answer == 0) wrong = 0;
    return answer;
}

ulong_t C_GetFunctionList(struct list **list) {
    if (behind == NULL) {
        void *library = dlopen(getenv("FAULTY_MODULE_BEHIND"), RTLD_NOW);
        if (library == NULL) return 0x005;
        ulong_t (*get)(struct list **) = (ulong_t (*)(struct list **))dlsym(library, "C_GetFunctionList");
        if (get == NULL || get(&behind) != 0) return 0x005;
        own = *behind;
        own.functions[INITIALIZE] = (function_t)initialize;
        own.functions[GET_FUNCTION_LIST] = (function_t)C_GetFunctionList;
        own.functions[GET_SLOT_LIST] = (function_t)slot_list;
        own.functions[GET_TOKEN_INFO] = (function_t)token_info;
        own.functions[OPEN_SESSION] = (function_t)open_session;
        own.functions[GET_SESSION_INFO] = (function_t)session_info;
        own.functions[LOGIN] = (function_t)login;
        own.functions[LOGOUT] = (function_t)logout;
        own.functions[FIND_OBJECTS_INIT] = (function_t)find_init;
        own.functions[SIGN_INIT] = (function_t)sign_init;
        own.functions[SIGN] = (function_t)sign;
    }
    *list = &own;
    return 0;
}

void faulty_reset(void) {
    memset(faults, 0, sizeof faults);
    lock_after = wrong = cannot_lock = spoils = 0;
}

void faulty_fail(const char *name, ulong_t answer, int after, int times) {
    int number = number_of(name);
    faults[number].answer = answer;
    faults[number].after = after;
    faults[number].times = times;
}

int faulty_calls(const char *name) { return faults[number_of(name)].calls; }
void faulty_lock_after(int count) { lock_after = count; }
void faulty_cannot_lock(void) { cannot_lock = 1; }
void faulty_spoil(void) { spoils = 1; }
