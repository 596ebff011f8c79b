#include "load/scripts.h"

const char script_renew[] = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end\n"
                            "return redis.call('PEXPIRE', KEYS[1], ARGV[2])\n";

const char script_release[] = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end\n"
                              "return redis.call('DEL', KEYS[1])\n";

const char script_begin[] =
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then\n"
        "  return redis.error_reply('WNLOCK the lock is lost')\n"
        "end\n"
        "local ok, epoch = pcall(cjson.decode, redis.call('GET', KEYS[4]) or '')\n"
        "if ARGV[3] ~= '' and ok and type(epoch) == 'table'\n"
        "   and type(epoch.source_watermark) == 'number'\n"
        "   and epoch.source_watermark > tonumber(ARGV[3]) then\n"
        "  return redis.error_reply('WNOLDER the data in force are later')\n"
        "end\n"
        "redis.call('UNLINK', KEYS[3])\n"
        "redis.call('SET', KEYS[2], ARGV[2])\n"
        "return 1\n";

const char script_end[] = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end\n"
                          "return redis.call('UNLINK', KEYS[1], KEYS[2])\n";

const char script_flip[] =
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then\n"
        "  return redis.error_reply('WNLOCK the lock is lost')\n"
        "end\n"
        "local more = redis.call('HGET', KEYS[3], '+')\n"
        "if redis.call('HLEN', KEYS[3]) > (more and 1 or 0) then return 0 end\n"
        "local count = tonumber(ARGV[4]) + tonumber(more or '0')\n"
        "local function read(text)\n"
        "  local ok, epoch = pcall(cjson.decode, text)\n"
        "  return ok and type(epoch) == 'table' and type(epoch.generation) == 'number' and epoch\n"
        "end\n"
        "local watermark, heartbeat = tonumber(ARGV[5]), 0\n"
        "local old = read(redis.call('GET', KEYS[5]) or '')\n"
        "if old and type(old.heartbeat_ms) == 'number' and old.heartbeat_ms > 0\n"
        "   and redis.call('GET', KEYS[4]) then\n"
        "  heartbeat = old.heartbeat_ms\n"
        "elseif old and ARGV[8] == '1' and type(old.source_watermark) == 'number' then\n"
        "  watermark = math.max(watermark, old.source_watermark)\n"
        "end\n"
        "local new = string.format('%s%.0f,\"source_watermark\":%.0f%s,\"heartbeat_ms\":%.0f%s}', "
        "ARGV[3],\n"
        "    math.max(count, 0), watermark, ARGV[6], heartbeat,\n"
        "    heartbeat > 0 and ',\"heartbeat_at\":0' or '')\n"
        "for i = 5, #KEYS do\n"
        "  local text = redis.call('GET', KEYS[i]) or ''\n"
        "  local epoch = read(text)\n"
        "  if epoch and epoch.generation >= tonumber(ARGV[2]) and text ~= new then\n"
        "    return redis.error_reply('WNEPOCH the generation in force is not older')\n"
        "  end\n"
        "end\n"
        "for i = 5, #KEYS do\n"
        "  if i - 4 <= tonumber(ARGV[7]) then redis.call('SET', KEYS[i], new)\n"
        "  else redis.call('DEL', KEYS[i]) end\n"
        "end\n"
        "redis.call('DEL', KEYS[2], KEYS[3])\n"
        "return 1\n";

const char script_flip_tag[] =
        "local text = redis.call('GET', KEYS[1]) or ''\n"
        "local ok, epoch = pcall(cjson.decode, text)\n"
        "if ok and type(epoch) == 'table' and type(epoch.generation) == 'number'\n"
        "   and epoch.generation >= tonumber(ARGV[1]) and text ~= ARGV[2] then\n"
        "  return redis.error_reply('WNEPOCH the generation in force is not older')\n"
        "end\n"
        "redis.call('SET', KEYS[1], ARGV[2])\n"
        "return 1\n";

const char script_advance_tag[] =
        "local ok, epoch = pcall(cjson.decode, redis.call('GET', KEYS[1]) or '')\n"
        "if not ok or type(epoch) ~= 'table' or epoch.generation ~= tonumber(ARGV[1]) then\n"
        "  return redis.error_reply('WNEPOCH another generation is in force')\n"
        "end\n"
        "if epoch.source_watermark <= tonumber(ARGV[2]) then redis.call('SET', KEYS[1], ARGV[3]) "
        "end\n"
        "return 1\n";

const char script_advance[] =
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then\n"
        "  return redis.error_reply('WNLOCK the lock is lost')\n"
        "end\n"
        "for i = 4, #KEYS do\n"
        "  if redis.call('GET', KEYS[i]) ~= ARGV[2] then return 0 end\n"
        "end\n"
        "local next = redis.call('GET', KEYS[2])\n"
        "if next and next ~= ARGV[4]\n"
        "   and redis.call('GET', KEYS[3]) == string.match(next, '(%x+)$') then return 2 end\n"
        "for i = 4, #KEYS do redis.call('SET', KEYS[i], ARGV[3]) end\n"
        "return 1\n";

// merge(old, new): a bucket's bytes and records in ascending order of suffix, a bare suffix to remove
// one. The bytes afterwards and how many records more there are; nil when the bucket is none. A merge
// of two ascending lists. Suffixes are compared byte by byte, because Lua's < follows the server's
// locale.
#define MERGE                                                                                      \
    "local function behind(old, at)\n"                                                             \
    "  local length, weight = 0, 1\n"                                                              \
    "  at = at + 8\n"                                                                              \
    "  for i = 1, 3 do\n"                                                                          \
    "    local byte = old:byte(at)\n"                                                              \
    "    if not byte then return nil end\n"                                                        \
    "    at = at + 1\n"                                                                            \
    "    length = length + byte % 128 * weight\n"                                                  \
    "    if byte < 128 then\n"                                                                     \
    "      if length == 0 or at + length > #old + 1 then return nil end\n"                         \
    "      return at + length\n"                                                                   \
    "    end\n"                                                                                    \
    "    weight = weight * 128\n"                                                                  \
    "  end\n"                                                                                      \
    "end\n"                                                                                        \
    "local function less(a, b)\n"                                                                  \
    "  for i = 1, 8 do\n"                                                                          \
    "    local x, y = a:byte(i), b:byte(i)\n"                                                      \
    "    if x ~= y then return x < y end\n"                                                        \
    "  end\n"                                                                                      \
    "  return false\n"                                                                             \
    "end\n"                                                                                        \
    "local function merge(old, new)\n"                                                             \
    "  if old:byte(1) ~= 1 then return nil end\n"                                                  \
    "  local parts, change, at, n = {string.char(1)}, 0, 2, 1\n"                                   \
    "  while at <= #old or n <= #new do\n"                                                         \
    "    local have, suffix, next\n"                                                               \
    "    if at <= #old then\n"                                                                     \
    "      next = behind(old, at)\n"                                                               \
    "      if not next then return nil end\n"                                                      \
    "      have = old:sub(at, at + 7)\n"                                                           \
    "    end\n"                                                                                    \
    "    if n <= #new then suffix = new[n]:sub(1, 8) end\n"                                        \
    "    if have and (not suffix or less(have, suffix)) then\n"                                    \
    "      parts[#parts + 1] = old:sub(at, next - 1)\n"                                            \
    "      at = next\n"                                                                            \
    "    else\n"                                                                                   \
    "      if have == suffix then\n"                                                               \
    "        at = next\n"                                                                          \
    "        change = change - 1\n"                                                                \
    "      end\n"                                                                                  \
    "      if #new[n] > 8 then\n"                                                                  \
    "        parts[#parts + 1] = new[n]\n"                                                         \
    "        change = change + 1\n"                                                                \
    "      end\n"                                                                                  \
    "      n = n + 1\n"                                                                            \
    "    end\n"                                                                                    \
    "  end\n"                                                                                      \
    "  return table.concat(parts), change\n"                                                       \
    "end\n"

const char script_change[] =
        MERGE "local ok, epoch = pcall(cjson.decode, redis.call('GET', KEYS[1]) or '')\n"
              "if not ok or type(epoch) ~= 'table' or epoch.generation ~= tonumber(ARGV[1]) then\n"
              "  return redis.error_reply('WNEPOCH another generation is in force')\n"
              "end\n"
              "local first = 2\n"
              "if KEYS[3] then\n"
              "  if redis.call('GET', KEYS[3]) ~= ARGV[2] then\n"
              "    return redis.error_reply('WNLOCK the lock is lost')\n"
              "  end\n"
              "  first = 3\n"
              "end\n"
              "local old = redis.call('GET', KEYS[2])\n"
              "if not old then return redis.error_reply('WNBUCKET the bucket is not there') end\n"
              "local new = {}\n"
              "for i = first, #ARGV do new[#new + 1] = ARGV[i] end\n"
              "local bucket, change = merge(old, new)\n"
              "if not bucket then return redis.error_reply('WNBUCKET the bucket is damaged') end\n"
              "redis.call('SET', KEYS[2], bucket)\n"
              "return change\n";

const char script_beside[] = MERGE
        "if redis.call('GET', KEYS[5]) ~= ARGV[3] then\n"
        "  return redis.error_reply('WNLOCK the lock is lost')\n"
        "end\n"
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then\n"
        "  return 0\n"
        "end\n"
        "local old = redis.call('GET', KEYS[4])\n"
        "if not old then\n"
        "  for i = 4, #ARGV, 2 do redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1]) end\n"
        "  return 1\n"
        "end\n"
        "local new = {}\n"
        "for i = 5, #ARGV, 2 do new[#new + 1] = ARGV[i] end\n"
        "local bucket, change = merge(old, new)\n"
        "if not bucket then return redis.error_reply('WNBUCKET the bucket is damaged') end\n"
        "redis.call('SET', KEYS[4], bucket)\n"
        "for i = 4, #ARGV, 2 do redis.call('HDEL', KEYS[3], ARGV[i]) end\n"
        "redis.call('HINCRBY', KEYS[3], '+', change)\n"
        "return 1\n";

const char script_drain[] =
        MERGE "if redis.call('GET', KEYS[1]) ~= ARGV[1] then\n"
              "  return redis.error_reply('WNLOCK the lock is lost')\n"
              "end\n"
              "local record = redis.call('HGET', KEYS[2], ARGV[2])\n"
              "if not record then return 0 end\n"
              "local old = redis.call('GET', KEYS[3])\n"
              "if not old then return redis.error_reply('WNBUCKET the bucket is not there') end\n"
              "local bucket, change = merge(old, {record})\n"
              "if not bucket then return redis.error_reply('WNBUCKET the bucket is damaged') end\n"
              "redis.call('SET', KEYS[3], bucket)\n"
              "redis.call('HDEL', KEYS[2], ARGV[2])\n"
              "redis.call('HINCRBY', KEYS[2], '+', change)\n"
              "return 1\n";
