--TEST--
The environment counts also where getenv() is disabled
--INI--
disable_functions=getenv
--ENV--
WP_CODEBOX_CACHE_DIR=/nonexistent-env/cache
--FILE--
<?php
echo array_column( WP_Codebox_API::doctor(), 'message', 'id' )['cache_dir'], "\n";
?>
--EXPECT--
/nonexistent-env/cache will be made when it is needed.
