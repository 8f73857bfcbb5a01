--TEST--
An exception is JSON: its code, message and data, or the violation that it is about
--SKIPIF--
<?php require __DIR__ . '/task-skip.inc'; ?>
--FILE--
<?php
require __DIR__ . '/task.inc';
try {
	WP_Codebox_API::run_agent_task( array( 'goal' => 'x', 'colour' => 'red' ) );
} catch ( WP_Codebox_Exception $e ) {
	var_dump( $e instanceof JsonSerializable );
	echo json_encode( $e, JSON_PRETTY_PRINT ), "\n";
}
$sandbox = WP_Codebox_API::create_sandbox( array( 'runtime_policy' => array( 'commands' => array( 'wordpress.wp-cli' ) ) ) );
try {
	$sandbox->execute( 'wordpress.run-php', array( 'code' => '1;' ) );
} catch ( WP_Codebox_Exception $e ) {
	echo json_encode( $e, JSON_PRETTY_PRINT ), "\n";
}
class Mine extends WP_Codebox_Exception {}
echo json_encode( new Mine( 'own' ) ), "\n";
try {
	$e->jsonSerialize( 1 );
} catch ( ArgumentCountError ) {
	echo "no arguments\n";
}
?>
--EXPECT--
bool(true)
{
    "code": "wp_codebox_input_invalid",
    "message": "colour: unknown field",
    "data": {
        "status": 400,
        "field": "colour"
    },
    "name": "WP_Codebox_Exception"
}
{
    "code": "runtime-command-disallowed",
    "command": "wordpress.run-php",
    "allowedCommands": [
        "wordpress.wp-cli"
    ],
    "policy": {
        "network": "deny",
        "filesystem": "readwrite-mounts",
        "commands": [
            "wordpress.wp-cli"
        ],
        "secrets": "none",
        "approvals": "never"
    },
    "message": "Command is not allowed by runtime policy: wordpress.run-php",
    "name": "RuntimeCommandPolicyViolationError"
}
{"code":"","message":"own","data":"","name":"WP_Codebox_Exception"}
no arguments
