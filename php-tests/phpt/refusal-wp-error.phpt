--TEST--
With WP_Error loaded a refusal is returned as one
--FILE--
<?php
class WP_Error {
	public function __construct( public $code = '', public $message = '', public $data = '' ) {}
}
$error = WP_Codebox_API::run_agent_task( array( 'goal' => ' ' ) );
var_dump( $error );
var_dump( WP_Codebox_API::validate_ability_input( 'wp-codebox/get-artifact', array() )->code );
var_dump( WP_Codebox_API::validate_ability_input( 'wp-codebox/get-artifact', array( 'artifact_id' => 'x' ) ) );
var_dump( WP_Codebox_API::execute_ability( 'core/get-site-info' )->data['status'] );
?>
--EXPECT--
object(WP_Error)#1 (3) {
  ["code"]=>
  string(23) "wp_codebox_task_missing"
  ["message"]=>
  string(32) "goal: say what is to be achieved"
  ["data"]=>
  array(2) {
    ["status"]=>
    int(400)
    ["field"]=>
    string(4) "goal"
  }
}
string(30) "wp_codebox_artifact_id_missing"
bool(true)
int(400)
